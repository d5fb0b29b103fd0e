// Style of the report: one small sheet, light or dark as the reader has it, and fit for paper.
export const reportStyle = `
:root{color-scheme:light dark;--text:#1d2530;--faint:#6b7684;--back:#fff;--card:#f3f5f8;--grid:#dde2e8;
--good:#1f9d84;--late:#e3b341;--shed:#4f8fcb;--limited:#ef8d3c;--failed:#d1495b;--left:#8266b5}
@media(prefers-color-scheme:dark){:root{--text:#e6eaf0;--faint:#8e99a8;--back:#12161c;--card:#1c222b;--grid:#2c343f}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--text);background:var(--back);max-width:1000px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}
.faint{color:var(--faint);margin:.3rem 0}
.warning{border-left:4px solid var(--failed);background:var(--card);padding:.7rem 1rem;margin:1rem 0}.warning ul{margin:.3rem 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:.7rem;margin:1.2rem 0}
.card{background:var(--card);border-radius:8px;padding:.6rem .9rem}.card span{display:block;color:var(--faint);font-size:.8rem}
.card b{font-size:1.35rem;font-variant-numeric:tabular-nums}
figure{margin:1.8rem 0 0}figcaption{font-weight:600}
.legend{font-size:.85rem;color:var(--faint)}.legend span{margin-right:1rem;white-space:nowrap}
.legend i{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.35em}
svg{width:100%;height:auto;display:block}svg text{font-size:12px;fill:var(--faint)}
.grid,.tick{stroke:var(--grid)}.area{opacity:.9}.line,.over{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.band rect{fill:var(--text);opacity:.07}.band text{fill:var(--text)}
.over{stroke-width:1.2;stroke-dasharray:4 3}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.82rem;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:.35rem .4rem;border-bottom:1px solid var(--grid);white-space:nowrap}
th:first-child{text-align:left}thead th{color:var(--faint);font-weight:500}tbody tr:last-child{font-weight:600}
`;
