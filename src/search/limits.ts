/** How large a network may be: far more than that is a slip of the keyboard. */
export const limits = { channels: 4096, cells: 1000 } as const;
