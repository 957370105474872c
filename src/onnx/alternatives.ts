/**
 * Several graphs in one file, of which a run computes one. A session has one pool of memory: graphs that take turns in it
 * need together what the largest of them needs, where a session each would keep what it has once had.
 */

/** What an input or an output of a graph is called in the file of all. */
export const alternativeName = (graph: string, name: string): string => `${graph}:${name}`;

/** The input, a bool without dimensions, that says whether a graph is computed. */
export const chosenName = (graph: string): string => `${graph}?`;
