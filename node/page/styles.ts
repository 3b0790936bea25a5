/** The style sheet of a page: system fonts, one column, light and dark as the reader's machine has it, and print. */
import { colorNames, dark, light, type Palette } from './palette.ts';

function variables(palette: Palette): string {
  return colorNames.map((name) => `--${name}:${palette[name]}`).join(';');
}

export const styleSheet = `:root{color-scheme:light dark;${variables(light)}}
@media (prefers-color-scheme:dark){:root{${variables(dark)}}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem;-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif}
header,main,footer{max-width:60rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2.25rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .35rem;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:1.35rem;line-height:1.25;margin:3rem 0 1rem;padding-top:1.25rem;border-top:1px solid var(--grid)}
h3{font-size:1.05rem;line-height:1.3;margin:0 0 .5rem}
p,ul,ol,dl,figure,pre{margin:0 0 1rem}
a{color:var(--link);text-underline-offset:.15em}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-100vw;top:.5rem;background:var(--page);padding:.5rem .75rem;z-index:2}
.skip:focus{left:.5rem}
.eyebrow{color:var(--muted);font-size:.85rem;margin:0 0 .5rem;letter-spacing:.02em}
.lead{color:var(--muted);margin:0 0 1.25rem;max-width:46rem}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;padding:0;margin:0;font-size:.95rem}
nav a{display:inline-block;padding:.25rem 0}
main p,main li,figcaption{max-width:46rem}
.card{background:var(--panel);border:1px solid var(--grid);border-left:5px solid var(--good);border-radius:8px;padding:1.1rem 1.25rem;margin:0 0 1.25rem}
.card.bad{border-left-color:var(--bad)}
.card>:last-child{margin-bottom:0}
.answer{font-size:1.6rem;line-height:1.2;font-weight:700;margin:0 0 .6rem;overflow-wrap:anywhere}
.answer.ok{color:var(--good)}.answer.failed{color:var(--bad)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin:0 0 1.25rem}
.tiles div{background:var(--panel);border:1px solid var(--grid);border-radius:8px;padding:.7rem .85rem}
.tiles dt{color:var(--muted);font-size:.82rem}
.tiles dd{margin:.1rem 0 0;font-size:1.25rem;font-weight:650;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.tiles dd small{display:block;font-size:.78rem;font-weight:400;color:var(--muted)}
figure{margin:0 0 2.5rem}
figcaption{color:var(--muted);font-size:.93rem;margin:.25rem 0 .5rem}
.key{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;padding:0;margin:0 0 .25rem;font-size:.85rem}
.key li{display:flex;align-items:center;gap:.4rem;max-width:100%;overflow-wrap:anywhere}
.key svg{flex:none}
.plot svg{display:block;width:100%;height:auto;overflow:visible}
.plot text{font-variant-numeric:tabular-nums}
.narrow{display:none;max-width:30rem;margin:0 auto}
@media (max-width:46rem){.wide{display:none}.narrow{display:block}}
details{margin:0 0 1rem}
summary{cursor:pointer;color:var(--link);font-size:.93rem;padding:.2rem 0}
summary::marker{color:var(--muted)}
.scroll{overflow:auto;max-height:34rem;border:1px solid var(--grid);border-radius:8px;margin:.25rem 0 1rem}
table{border-collapse:collapse;width:100%;font-size:.85rem;font-variant-numeric:tabular-nums}
caption{text-align:left;padding:.6rem .75rem;color:var(--muted);font-size:.85rem}
th,td{padding:.35rem .75rem;text-align:right;white-space:nowrap;border-top:1px solid var(--grid)}
thead th{position:sticky;top:0;background:var(--panel);font-weight:600;border-top:0}
tbody th{font-weight:600}
.text{text-align:left}
td.text,th.text{white-space:normal;min-width:8.5rem;overflow-wrap:break-word}
tr.marked th,tr.marked td{background:var(--shade)}
.note{color:var(--muted);font-size:.85rem}
.ok{color:var(--good)}.failed{color:var(--bad)}
pre{background:var(--panel);border:0;padding:.75rem .9rem;margin:0;font-size:.85rem;line-height:1.5;width:max-content;min-width:100%}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
p code,li code,dd code{overflow-wrap:anywhere;font-size:.9em}
main>section:first-child>h2{margin-top:1.75rem}
.facts{display:grid;gap:.75rem;font-size:.93rem}
.facts dt{font-weight:600}
.facts dd{margin:0;overflow-wrap:anywhere}
.bars{list-style:none;padding:0;max-width:34rem}
.bars li{display:grid;grid-template-columns:minmax(5.5rem,auto) 1fr 4rem;gap:.6rem;align-items:center;font-size:.9rem}
.bars span{overflow-wrap:anywhere}
.bars svg{display:block;width:100%;height:.8rem}
footer{color:var(--muted);font-size:.85rem;padding-top:1.25rem;padding-bottom:3rem}
@media print{.skip,nav{display:none}figure{break-inside:avoid}.scroll{max-height:none;overflow:visible}}
`;
