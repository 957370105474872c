// Moves the tables of architecture weights through the epochs, and opens what is folded for printing.

/** @typedef {{ epoch: number, strengths: (number | null)[], edges?: number[], chosen: number[] }} Frame */
/** @typedef {'weight' | 'edge'} Sort */
/** @typedef {{ strongest: Record<Sort, number>, levels: number, epochs: Frame[] }} Film */

for (const weights of document.querySelectorAll('.weights')) {
  const slider = weights.querySelector('.slider');
  const range = weights.querySelector('input');
  const output = weights.querySelector('output');
  const json = weights.querySelector('script')?.textContent;
  if (!(slider instanceof HTMLElement) || !range || !output || !json) continue;
  /** @type {Film} */
  const film = JSON.parse(json);
  const cells = weights.querySelectorAll('td.weight');
  const edges = weights.querySelectorAll('td.edge');

  /**
   * @param {Element | undefined} cell
   * @param {number} strength
   * @param {Sort} sort
   * @param {boolean} chosen
   */
  const paint = (cell, strength, sort, chosen) => {
    if (!cell) return;
    const strongest = film.strongest[sort];
    const share = strongest > 0 ? Math.min(strength, strongest) / strongest : 0;
    cell.textContent = strength.toFixed(2);
    cell.className = `${sort}${chosen ? ' chosen' : ''} h${Math.round((film.levels - 1) * share)}`;
  };

  const show = () => {
    const frame = film.epochs[Number(range.value) - 1];
    if (!frame) return;
    let at = 0;
    frame.strengths.forEach((strength, i) => {
      if (strength === null) return;
      paint(cells[at++], strength, 'weight', frame.chosen.includes(i));
    });
    frame.edges?.forEach((strength, i) => {
      paint(edges[i], strength, 'edge', false);
    });
    output.textContent = String(frame.epoch);
    range.setAttribute('aria-valuetext', `epoch ${frame.epoch}`);
  };

  range.addEventListener('input', show);
  slider.hidden = false;
  // A browser that goes back to the page may remember another position.
  show();
}

addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details')) details.open = true;
});
