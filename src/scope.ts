/** Names for parts of a network. The tracer reads them; nothing else depends on them. */
const scopes: string[] = [];

/** Runs `body` in a named scope, e.g. `inScope('cell0', …)`; scopes nest. */
export function inScope<T>(name: string, body: () => T): T {
  scopes.push(name);
  try {
    return body();
  } finally {
    scopes.pop();
  }
}

/** The scope at this moment, e.g. `cell0/node2/sep_conv_3x3`; empty outside every scope. */
export const currentScope = (): string => scopes.join('/');
