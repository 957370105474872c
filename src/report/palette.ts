/**
 * The colours of strengths: one hue from the ground to its full, even to the eye (in OKLab), for light and dark. The
 * text on each is the one of two that has more contrast.
 */

type Rgb = readonly [red: number, green: number, blue: number];

interface Theme {
  readonly weakest: string;
  readonly strongest: string;
  /** Texts on weak and on strong colours. */
  readonly ink: readonly [string, string];
}

export const themes = {
  light: { weakest: '#f3f6fb', strongest: '#0b3d91', ink: ['#000510', '#ffffff'] },
  dark: { weakest: '#1d2530', strongest: '#8fc1ff', ink: ['#ffffff', '#000510'] },
} as const satisfies Record<string, Theme>;

export type ThemeName = keyof typeof themes;

/** Strengths are shown in this many steps. */
export const levels = 21;

const rgb = (hex: string): Rgb => {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
};

const hex = (colour: Rgb): string =>
  `#${colour
    .map((part) =>
      Math.round(Math.min(255, Math.max(0, part)))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;

const linear = (part: number): number => {
  const share = part / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
};

const encoded = (share: number): number =>
  255 * (share <= 0.0031308 ? 12.92 * share : 1.055 * share ** (1 / 2.4) - 0.055);

/** Björn Ottosson, "A perceptual color space for image processing" (2020). */
function toOklab(colour: Rgb): Rgb {
  const [r, g, b] = colour.map(linear) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromOklab([lightness, a, b]: Rgb): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encoded(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** The contrast of two colours, 1 to 21 (WCAG 2.2). */
export function contrast(a: string, b: string): number {
  const luminance = (colour: string): number => {
    const [red, green, blue] = rgb(colour).map(linear) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [x, y] = [luminance(a) + 0.05, luminance(b) + 0.05];
  return Math.max(x / y, y / x);
}

export interface Shade {
  readonly ground: string;
  readonly ink: string;
}

/** The colours of the levels, from the weakest. */
export function shades(theme: ThemeName): Shade[] {
  const { weakest, strongest, ink } = themes[theme];
  const [from, to] = [toOklab(rgb(weakest)), toOklab(rgb(strongest))];
  return Array.from({ length: levels }, (_, level) => {
    const share = level / (levels - 1);
    const ground = hex(
      fromOklab(from.map((part, i) => part + share * ((to[i] ?? 0) - part)) as unknown as Rgb),
    );
    const [first, second] = ink;
    return { ground, ink: contrast(ground, first) >= contrast(ground, second) ? first : second };
  });
}

/** The level of a strength where `strongest` is the strongest that is shown. */
export const levelOf = (strength: number, strongest: number): number =>
  strongest > 0 ? Math.round(((levels - 1) * Math.min(strength, strongest)) / strongest) : 0;

const rules = (theme: ThemeName): string =>
  shades(theme)
    .map(({ ground, ink }, level) => `.h${level}{background:${ground};color:${ink};stroke:${ground}}`)
    .join('\n');

/** The rules of the classes `h0` … for cells (background and text) and strips (stroke). */
export const shadeStyle = (): string =>
  `${rules('light')}\n@media (prefers-color-scheme: dark) {\n@media not print {\n${rules('dark')}\n}\n}\n`;
