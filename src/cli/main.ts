#!/usr/bin/env node
/** The command `nas`. */
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { exitCodeOf, InputError, messageOf } from '../errors.ts';
import { suggestion } from '../suggest.ts';
import { version } from '../version.ts';
import { compareCommand } from './commands/compare.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { exportCommand } from './commands/export.ts';
import { infoCommand } from './commands/info.ts';
import { profileCommand } from './commands/profile.ts';
import { quickstartCommand } from './commands/quickstart.ts';
import { reportCommand } from './commands/report.ts';
import { retrainCommand } from './commands/retrain.ts';
import { searchCommand } from './commands/search.ts';
import { selectCommand } from './commands/select.ts';
import { serveCommand } from './commands/serve.ts';
import { Interruption, interruptedExitCode } from './interruption.ts';
import { say, survivePipes } from './output.ts';

const commands = [
  quickstartCommand,
  searchCommand,
  selectCommand,
  retrainCommand,
  exportCommand,
  evaluateCommand,
  infoCommand,
  profileCommand,
  compareCommand,
  reportCommand,
  serveCommand,
  doctorCommand,
];

/** Called where no command matches. */
function refuseCommand(word: string | undefined): never {
  const names = commands.map(({ command }) => String(command).split(' ')[0] ?? '');
  throw new InputError(
    word === undefined
      ? 'say what to do: see nas --help'
      : `"${word}" is no command${suggestion(word, names)} (see nas --help)`,
  );
}

survivePipes();

try {
  await commands
    .reduce((parser, command) => parser.command(command), yargs(hideBin(process.argv)))
    .command({ command: '$0', describe: false, handler: ({ _: [word] }) => refuseCommand(word?.toString()) })
    .scriptName('nas')
    .usage('nas <command> [options]\n\nFrom a set of images to a served ONNX model.')
    .epilogue('nas <command> --help lists the options of a command.')
    .version(version)
    .alias({ help: 'h', version: 'v' })
    .locale('en')
    .parserConfiguration({
      'duplicate-arguments-array': true,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .parseAsync();
} catch (error) {
  say(error instanceof Interruption ? error.message : `nas: ${messageOf(error)}`);
  process.exit(error instanceof Interruption ? interruptedExitCode : exitCodeOf(error));
}
