// `npm ci` in a checkout does not link the package's own command; this makes `npx nas` run the build.
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);
const at = (path) => fileURLToPath(new URL(path, root));
chmodSync(at('dist/cli/main.js'), 0o755);
mkdirSync(at('node_modules/.bin'), { recursive: true });
rmSync(at('node_modules/.bin/nas'), { force: true });
if (process.platform === 'win32') {
  writeFileSync(at('node_modules/.bin/nas.cmd'), '@node "%~dp0..\\..\\dist\\cli\\main.js" %*\r\n');
} else {
  symlinkSync('../../dist/cli/main.js', at('node_modules/.bin/nas'));
}
