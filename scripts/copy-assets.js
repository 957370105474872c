/** Copies what the compiler leaves alone into dist: the files of the server's page and of reports. */
import { cpSync } from 'node:fs';

for (const folder of ['serve/page/assets', 'report/assets']) {
  cpSync(`src/${folder}`, `dist/${folder}`, { recursive: true });
}
