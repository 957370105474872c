/** Image files by their first bytes. */

const signatures = [Buffer.of(0x89, 0x50, 0x4e, 0x47), Buffer.of(0xff, 0xd8, 0xff)];

/** Whether bytes begin as an image file does. */
export const isImageFile = (bytes: Uint8Array): boolean =>
  signatures.some((signature) => signature.compare(bytes, 0, signature.length) === 0);
