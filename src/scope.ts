/** Names for parts of a network. The tracer reads them; nothing else depends on them. */
const paths = [''];

/** Runs `body` in a named scope, e.g. `inScope('cell0', …)`; scopes nest. */
export function inScope<T>(name: string, body: () => T): T {
  const outer = currentScope();
  paths.push(outer === '' ? name : `${outer}/${name}`);
  try {
    return body();
  } finally {
    paths.pop();
  }
}

/** The scope at this moment, e.g. `cell0/node2/sep_conv_3x3`; empty outside every scope. */
export const currentScope = (): string => paths.at(-1) as string;
