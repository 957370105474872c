import { expect, it } from 'vitest';
import { modelCard } from '../../src/export/card.ts';
import { cardHtml } from '../../src/serve/page/card.ts';

const figures = {
  bytes: 1,
  parameters: 2,
  macs: 3,
  verification: { images: 4, maxDifference: 0, accuracy: 1 },
};

const cardOf = (labels: string[], dataset: string): string =>
  modelCard(
    {
      labels,
      image: { channels: 1, height: 2, width: 2 },
      normalization: { mean: [0], std: [1] },
      genotype: 'x',
      dataset,
      accuracy: 1,
      version: '1',
    },
    figures,
  );

it('keeps any label in its cell, as the text that it is', () => {
  const labels = ['a|b', 'new\nline', '<img src=x>', '*c*', 'back\\', '[d](e)', 'R&amp;D', '日本語'];
  const card = cardOf(labels, 'pipes | and `ticks`');
  const html = cardHtml(card);
  const shown = html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
  expect(shown).toContain(`<td>${labels.join(', ').replace('\n', ' ')}</td>`);
  expect(shown).toContain('<td>pipes | and `ticks`</td>');
  expect(html.match(/<tr>/g)).toHaveLength(cardHtml(cardOf(['a'], 'b')).match(/<tr>/g)?.length ?? 0);
});
