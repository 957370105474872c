#!/usr/bin/env node
/** The command `nas`. */
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { exitCodeOf, messageOf } from '../errors.ts';
import { version } from '../version.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { exportCommand } from './commands/export.ts';
import { infoCommand } from './commands/info.ts';
import { quickstartCommand } from './commands/quickstart.ts';
import { retrainCommand } from './commands/retrain.ts';
import { searchCommand } from './commands/search.ts';
import { serveCommand } from './commands/serve.ts';
import { say } from './output.ts';

const commands = [
  quickstartCommand,
  searchCommand,
  retrainCommand,
  exportCommand,
  evaluateCommand,
  infoCommand,
  serveCommand,
];

function refuse(error: unknown): never {
  say(`nas: ${messageOf(error)}`);
  process.exit(exitCodeOf(error));
}

// tfjs advertises its Node addon on the console at the first operation; stderr is for this program's progress.
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';

try {
  await commands
    .reduce((parser, command) => parser.command(command), yargs(hideBin(process.argv)))
    .scriptName('nas')
    .usage('$0 <command> [options]\n\nFrom a set of images to a served ONNX model.')
    .version(version)
    .strict()
    .recommendCommands()
    .demandCommand(1, 'which command? see nas --help')
    .parserConfiguration({ 'duplicate-arguments-array': true })
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .fail((message, error) => {
      if (error) throw error;
      say(`nas: ${message}`);
      process.exit(2);
    })
    .parseAsync();
} catch (error) {
  refuse(error);
}
