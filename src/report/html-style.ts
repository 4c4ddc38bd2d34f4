/** The whole style of an HTML report: readable in light and dark and on paper, without colour too. */
export const STYLE = `
:root { color-scheme: light dark; --line: #8884; --bad: #c62828; --look: #a05a00; --good: #2e7d32; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --look: #ffb74d; --good: #81c784; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 2rem 1.5rem; }
header { border-bottom: 2px solid var(--line); margin-bottom: 1.5rem; }
h1 { font-size: 2.4rem; margin: 0; }
h2 { border-bottom: 1px solid var(--line); font-size: 1.2rem; margin: 2rem 0 .6rem; }
h3 { font-size: .95rem; margin: .8rem 0 .2rem; }
.run { margin: 0; opacity: .7; }
.quarantine { color: var(--bad); } .manual_review, .loud { color: var(--look); } .auto_approve { color: var(--good); }
.loud { font-weight: 600; }
table { border-collapse: collapse; width: 100%; }
.decided { width: auto; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top; }
.n { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .6rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; font-weight: 600; }
ul { margin: .2rem 0; padding-left: 1.3rem; }
.engines { list-style: none; padding: 0; margin-top: 1rem; }
bdi { font-family: ui-monospace, monospace; font-size: .92em; overflow-wrap: anywhere; white-space: pre-wrap; }
code { font-size: .85em; overflow-wrap: anywhere; }
.more { opacity: .8; }
.tree, .tree ul { list-style: none; margin: 0; padding-left: 1.1rem; }
.tree { padding-left: 0; }
.tree ul:not(.said) { border-left: 1px solid var(--line); margin-left: .4rem; }
.tree li { margin: .25rem 0; }
.said { padding-left: 1.5rem; }
.finding b { color: var(--bad); } .gap b { color: var(--look); }
figure { margin: .6rem 0; }
svg { border: 1px solid var(--line); display: block; height: 5rem; width: 100%; }
.band { fill: #4a90d980; } .mean, .limit { fill: none; stroke: currentColor; } .limit { stroke-dasharray: 4 4; opacity: .6; }
figcaption { font-size: .85em; opacity: .8; }
@media print { body { max-width: none; padding: 0; } details { break-inside: avoid; } }
`;
