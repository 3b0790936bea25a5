/**
 * What a test asks a page about itself, in the page: a script of the browser, whose world TypeScript here does not know.
 * Loaded before the page; `probe` is all it leaves behind.
 */
globalThis.probe = {
  /** Of each figure: how many shapes and texts of the drawing that is shown have a size, and how far texts stick out. */
  figures() {
    return [...document.querySelectorAll('figure')].map((figure) => {
      const drawing = [...figure.querySelectorAll('.plot svg')].find(
        (svg) => svg.getBoundingClientRect().height > 0,
      );
      const sized = (selector) =>
        [...(drawing?.querySelectorAll(selector) ?? [])].filter((shape) => {
          const { width, height } = shape.getBoundingClientRect();
          return width + height > 1;
        });
      const frame = drawing?.getBoundingClientRect();
      const overflow = sized('text').map((text) => {
        const { left, right } = text.getBoundingClientRect();
        return Math.max((frame?.left ?? 0) - left, right - (frame?.right ?? 0));
      });
      return {
        id: figure.id,
        shapes: sized('path, rect, circle, polyline, polygon').length,
        texts: sized('text').length,
        overflow: Math.max(0, ...overflow),
      };
    });
  },

  /** How much wider the page is than its window, in pixels. */
  overflow() {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  },

  /** Numbers all that a keyboard must reach, in order. Returns how many there are. */
  numberControls() {
    const all = [
      ...document.querySelectorAll('a[href], summary, input, select, textarea, button, [tabindex="0"]'),
    ];
    const shown = all.filter((element) => element.checkVisibility());
    for (const [index, element] of shown.entries()) element.dataset.place = String(index);
    return shown.length;
  },

  /** The number of what has the focus, and whether it can be seen that it has. */
  focused() {
    const element = document.activeElement;
    const hasRing = getComputedStyle(element).outlineStyle !== 'none';
    return `${element.dataset.place} ${hasRing ? 'ringed' : 'without a ring'}`;
  },

  openAll() {
    for (const fold of document.querySelectorAll('details')) fold.open = true;
  },

  /** Texts whose contrast with what lies behind them is below 4.5, at most ten. */
  faintTexts() {
    const ground = getComputedStyle(document.body).backgroundColor;
    const faint = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent.trim();
      if (text === '' || element.getClientRects().length === 0) continue;
      const isDrawn = element instanceof SVGElement;
      const color = getComputedStyle(element)[isDrawn ? 'fill' : 'color'];
      // Numbers within filled marks have the colour of the page; the palette's own test holds them.
      if (isDrawn && color === ground) continue;
      const contrast = contrastOf(color, groundOf(element));
      if (contrast < 4.5)
        faint.add(`${text.slice(0, 30)}: ${color} on ${groundOf(element)}, ${contrast.toFixed(2)}`);
    }
    return [...faint].slice(0, 10);
  },
};

function numbersOf(color) {
  return (color.match(/[\d.]+/g) ?? []).map(Number);
}

/** Relative luminance (WCAG 2.2). */
function luminanceOf(color) {
  const [red, green, blue] = numbersOf(color)
    .slice(0, 3)
    .map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrastOf(one, other) {
  const [low, high] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** The colour behind an element: that of the nearest one that has any. */
function groundOf(element) {
  for (let at = element; at !== null; at = at.parentElement) {
    const color = getComputedStyle(at).backgroundColor;
    if ((numbersOf(color)[3] ?? 1) > 0) return color;
  }
  return 'rgb(255, 255, 255)';
}
