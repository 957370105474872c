/** Copies what the compiler leaves alone into dist: the files of the server's page. */
import { cpSync } from 'node:fs';

cpSync('src/serve/page/assets', 'dist/serve/page/assets', { recursive: true });
