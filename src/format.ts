/** Numbers as people read them. */

export const percent = (fraction: number): string => `${(100 * fraction).toFixed(2)} %`;

/** Seconds as `1:02:03` or `2:03`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (x: number): string => String(x).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A whole number with its thousands apart: `3,349,342`. */
export const formatCount = (count: number): string => Math.round(count).toLocaleString('en-US');
