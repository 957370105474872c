/** {@link runLoad} as a process of its own: what to do comes by the channel to its parent, the result goes back. */
import { type Load, runLoad } from './load.ts';

/** A load as it is sent: requests in base64. */
export type LoadMessage = Omit<Load, 'requests'> & { readonly requests: readonly string[] };

process.once('message', async ({ requests, ...load }: LoadMessage) => {
  try {
    const result = await runLoad({ ...load, requests: requests.map((text) => Buffer.from(text, 'base64')) });
    process.send?.({ result });
  } catch (error) {
    process.send?.({ failure: String(error) });
  }
  process.disconnect();
});
