/** A model's card for the page: Markdown that may be anybody's, as HTML that does nothing. */
import MarkdownIt from 'markdown-it';

/** The page has two levels of headings above the card's. */
const levelsAbove = 2;

// Raw HTML stays text and links to scripts are no links (markdown-it's own defaults); images would be requests to others.
const markdown = new MarkdownIt({ html: false }).disable('image');

markdown.core.ruler.push('page', ({ tokens }) => {
  for (const token of tokens) {
    const level = /^h([1-6])$/.exec(token.tag)?.[1];
    if (level) token.tag = `h${Math.min(Number(level) + levelsAbove, 6)}`;
    // The alignment of table cells: the page's policy allows no style but its own.
    token.attrs = token.attrs?.filter(([name]) => name !== 'style') ?? null;
  }
});

export const cardHtml = (text: string): string => markdown.render(text);
