/** How the report looks: light and dark by what the reader prefers, from 360 px to wide, on paper in light. */

const LIGHT = `--page:#fff;--text:#1b1f24;--soft:#57606a;--edge:#d0d7de;--panel:#f6f8fa;--good:#116329;--bad:#b3261e;--open:#7d4e00;--good-back:#dafbe1;--bad-back:#ffe3e0;--open-back:#fff3cd;--allowed:#b7e3c3;--limit:#1b1f24;
--c0:#0b62b8;--c1:#b84a00;--c2:#0a7d57;--c3:#8a3ea8;--c4:#9a6700;--c5:#b3261e;--c6:#0c7c8c;--c7:#5b4bd6;--c8:#6b6f00;--c9:#a8326e`;
const DARK = `--page:#0d1117;--text:#e6edf3;--soft:#9aa4af;--edge:#30363d;--panel:#161b22;--good:#56d364;--bad:#ff7b72;--open:#e3b341;--good-back:#12261a;--bad-back:#331513;--open-back:#2b230d;--allowed:#1d4a2a;--limit:#e6edf3;
--c0:#6cb6ff;--c1:#ff9a4d;--c2:#4fd1a5;--c3:#d2a8ff;--c4:#e3b341;--c5:#ff8f87;--c6:#66d9e8;--c7:#a5a0ff;--c8:#cdd35a;--c9:#ff9bd0`;

const DASHES = ['none', '7 3', '2 3', '9 3 2 3', '12 4', '4 2', '1 4', '9 2 4 2', '6 6', '3 6'];

export const STYLE = `
:root{color-scheme:light dark;${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
.skip{position:absolute;left:-999px}.skip:focus{left:8px;top:8px;background:var(--page);padding:4px 8px}
header,main,footer{max-width:1060px;margin:0 auto;padding:0 16px}
header{padding-top:20px}
h1{font-size:1.55rem;line-height:1.25;margin:0;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2rem 0 .6rem;border-bottom:1px solid var(--edge);padding-bottom:.2rem}
h3{font-size:.95rem;margin:0;overflow-wrap:anywhere}
.answer{border:1px solid var(--edge);border-left:8px solid;border-radius:6px;padding:14px 16px}
.answer.good{border-left-color:var(--good);background:var(--good-back)}
.answer.bad{border-left-color:var(--bad);background:var(--bad-back)}
.answer.open{border-left-color:var(--open);background:var(--open-back)}
.answer ul{margin:.5rem 0 0;padding-left:1.2rem}
.answer p{margin:.4rem 0 0}
dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:14px 0 0}
.facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
.scroll:focus-visible,summary:focus-visible{outline:2px solid var(--c0);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);padding-bottom:4px}
th,td{text-align:left;padding:6px 12px 6px 0;border-bottom:1px solid var(--edge);vertical-align:top}
th{font-weight:600}thead th{color:var(--soft);font-size:.85rem}
td.name,th.name{overflow-wrap:anywhere;min-width:7rem}
td.number,th.number{text-align:right;white-space:nowrap}.value{white-space:nowrap}
.verdict{white-space:nowrap;font-weight:600}
.good .verdict{color:var(--good)}.bad .verdict{color:var(--bad)}.open .verdict{color:var(--open)}.plain .verdict{color:var(--soft)}
.sentence{color:var(--soft);font-size:.9rem}.under{display:block;font-weight:400;color:var(--soft);font-size:.85rem}
.beside{display:flex;flex-wrap:wrap;gap:2px 20px;align-items:center}.beside>.value{min-width:13.5rem}
.bar{width:200px;height:24px;display:block}
.bar .track{stroke:var(--edge)}.bar .allowed{fill:var(--allowed)}
.bar .interval{stroke:var(--soft);stroke-width:5}.bar .limit{stroke:var(--limit);stroke-width:2}
.bar .noise{fill:var(--soft)}.bar .beyond{fill:var(--soft)}
.bar.good .estimate{fill:var(--good)}.bar.bad .estimate{fill:var(--bad)}.bar.open .estimate{fill:var(--open)}.bar.plain .estimate{fill:var(--text)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:16px}
.chart{margin:0;border:1px solid var(--edge);border-radius:6px;padding:10px;min-width:0}
.chart svg{width:100%;height:auto;display:block}
.chart .grid line{stroke:var(--edge);stroke-width:1}.chart .axis line{stroke:var(--soft)}
.chart text{fill:var(--text);font-size:13px}.chart .end{text-anchor:end}.chart .mid{text-anchor:middle}
.chart .unit{margin:4px 0 0;color:var(--soft);font-size:.82rem}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 16px;margin:6px 0 0;padding:0;font-size:.88rem}
.legend li{overflow-wrap:anywhere}.chart .legend svg{display:inline-block;width:30px;height:10px}
path.line,line.line{fill:none;stroke-width:2.2}
${DASHES.map((dash, at) => `.c${at}{stroke:var(--c${at});stroke-dasharray:${dash}}`).join('')}
.limit{stroke:var(--limit);stroke-width:2.5;fill:none}text.limit-text{stroke:var(--page);stroke-width:4;paint-order:stroke;font-weight:600}
.threshold{stroke-width:1.4;stroke-dasharray:3 3}
details{border:1px solid var(--edge);border-radius:6px;margin:10px 0;background:var(--panel)}
summary{cursor:pointer;padding:8px 12px;font-weight:600}
details>.inside{padding:0 12px 12px}
pre{margin:0;overflow-x:auto;font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
ol.story{list-style:none;margin:0;padding:0}.story li{padding:2px 0;overflow-wrap:anywhere}
time{color:var(--soft);font-variant-numeric:tabular-nums;margin-right:8px}
.warnings li{overflow-wrap:anywhere}
footer{color:var(--soft);font-size:.85rem;padding-top:24px;padding-bottom:32px}
@media (max-width:640px){.stacked thead{position:absolute;left:-9999px}.stacked tr{display:block;border-bottom:1px solid var(--edge);padding:8px 0}
.stacked td,.stacked th{display:block;border:0;padding:1px 0;text-align:left}
.stacked [data-label]::before{content:attr(data-label) ": ";color:var(--soft)}
dl.facts{grid-template-columns:1fr}.facts dd{margin-bottom:6px}}
@media print{:root{color-scheme:light;${LIGHT}}body{font-size:11pt}.chart,.answer,tr{break-inside:avoid}details::details-content{content-visibility:visible;display:block}details{border:0}.skip{display:none}pre{white-space:pre-wrap}}
`;
