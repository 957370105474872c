/** The report of a run as one HTML file that loads nothing: its style and script are inside, and no others may run. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Report } from './data.ts';
import { facts, section } from './html.ts';
import { shadeStyle } from './palette.ts';
import { partsOf } from './parts.ts';
import { element, escapeText } from './svg.ts';

const asset = (name: string): string => readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8');

const style = asset('cell.css') + asset('report.css') + shadeStyle();
const script = asset('report.js');

const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** What the page may load and run: what is written in it. */
const policy = [
  "default-src 'none'",
  `style-src ${digest(style)}`,
  `script-src ${digest(script)}`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The whole file. The same data give the same bytes. */
export function reportHtml(report: Report): string {
  const parts = partsOf(report);
  const links = parts.map(({ id, title }) => element('a', { href: `#${id}` }, escapeText(title)));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="onnx-nas ${escapeText(report.version)}">
<link rel="icon" href="data:,">
<title>${escapeText(report.run)} – onnx-nas</title>
<style>${style}</style>
</head>
<body>
<a class="skip-link" href="#content">To the content</a>
<header>
<p class="eyebrow">onnx-nas report</p>
<h1>${escapeText(report.run)}</h1>
${facts(report.facts)}
<nav aria-label="Sections">${links.join('')}</nav>
</header>
<main id="content">
${parts.map(({ id, title, content }) => section(id, title, ...content)).join('\n')}
</main>
<footer>Written by onnx-nas ${escapeText(report.version)}.</footer>
<script>${script}</script>
</body>
</html>
`;
}
