/** What the section "Orders and batches" needs beside the styles that all pages have (browser/orders). */
export const orderStyles = `.orders [role=status] .card{margin:1.75rem 0 0;border-left-color:var(--blue)}
.orders [role=status] .card.bad{border-left-color:var(--bad)}
.orders .tiles{grid-template-columns:repeat(auto-fit,minmax(8.25rem,1fr))}
.orders .tiles dd{font-size:1.1rem}
.orders .scroll{max-height:none}
.machines{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:1.25rem;margin:0 0 .5rem}
.machines figure{margin:0;background:var(--panel);border:1px solid var(--grid);border-radius:8px;padding:1rem;min-width:0}
.machines figcaption{margin:0 0 .75rem}
.machines figcaption strong{display:block;color:var(--text);font-size:1rem}
.machines .plot{max-width:28rem;margin:0 auto}
@media (max-width:30rem){.machines figure{padding:.75rem .3rem}.machines figcaption{padding:0 .7rem}}
.machine text{font-size:13px;fill:var(--text)}
.machine .count{font-size:17px;font-weight:700}
.machine .unit,.machine .name-of-edge{font-size:12px;fill:var(--muted);font-weight:400}
.machine rect{fill:var(--page);stroke:var(--line);stroke-width:1.25}
.machine .end rect{stroke-dasharray:4 3}
.machine .busy rect{stroke:var(--blue);stroke-width:2.5}
.machine .trouble rect{stroke:var(--vermillion);stroke-width:2.5}
.machine .edge{fill:none;stroke:var(--line);stroke-width:1.5}
.machine .head{fill:var(--line)}
.bar{display:flex;flex-wrap:wrap;gap:.6rem 1rem;align-items:end;margin:0 0 .75rem}
.bar .field{flex:0 1 14rem}
.bar .note{margin:0;padding:.6rem 0}
.pager{display:flex;flex-wrap:wrap;gap:.6rem;align-items:center;margin:0 0 1rem}
.pager .note{margin:0}
button[aria-disabled=true]{color:var(--muted);cursor:default;border-style:dashed}
button.open{min-height:2.2rem;padding:.2rem .7rem;font-size:.85rem;font-variant-numeric:tabular-nums}
button[aria-expanded=true]{border-color:var(--link);border-width:2px}
.orders .failed,.orders .ok{font-weight:600}
.batch h3:focus{outline:none}
.batch h3:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.batch .facts{grid-template-columns:repeat(auto-fit,minmax(min(100%,13rem),1fr))}
.batch .facts div.whole{grid-column:1/-1}
.batch{border-left-color:var(--blue)}
`;
