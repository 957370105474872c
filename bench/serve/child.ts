/** Processes that do one task: a TypeScript file of this folder gets it as a message and answers with one. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

type Answer<Result> = { readonly result: Result } | { readonly failure: string };

/** @throws Error with what the process reports, or its exit code if it ends without an answer */
export const inProcess = <Result>(file: string, task: object): Promise<Result> =>
  new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), { execArgv: ['--import', 'tsx'] });
    child.once('message', (answer: Answer<Result>) => {
      if ('result' in answer) resolve(answer.result);
      else reject(new Error(`${file}: ${answer.failure}`));
    });
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code} and no answer`)));
    child.once('error', reject);
    child.send(task);
  });
