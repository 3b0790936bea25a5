import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeText, Html, html } from '../../../../node/page/html.ts';

describe('html', () => {
  it('takes strings for text, markup for markup, lists for their parts and nothing for nothing', () => {
    const inner = html`<b>${'a < b'}</b>`;
    expect(html`<p title="${'"x" & \'y\''}">${[inner, ' ', 7, undefined]}</p>`.text).toBe(
      '<p title="&quot;x&quot; &amp; &#39;y&#39;"><b>a &lt; b</b> 7</p>',
    );
    expect(html`${new Html('<hr>')}`.text).toBe('<hr>');
  });

  it('lets no text become markup, end an attribute, or hold what HTML may not', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = escapeText(text);
        expect(escaped).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)|\p{Surrogate}/u);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
        expect(escaped).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
      }),
    );
    expect(escapeText('\u0000a\ud800b')).toBe('\ufffda\ufffdb');
  });
});
