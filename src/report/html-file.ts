import type { FileResult } from '../contracts/index.ts';
import { ENTROPY_MAP } from '../domain/index.ts';
import { counted, number, size } from './figures.ts';
import { entropyPicture } from './html-entropy.ts';
import { artifactTree } from './html-tree.ts';
import { markup, type Markup } from './markup.ts';

/** Findings, and gaps, of one file that are shown. */
const MAX_PER_FILE = 100;

export function approvedRow(result: FileResult): Markup {
  return markup`<tr>
    <td>${name(result.path)}${provisionalMark(result)}</td>
    <td>${result.content_type.mime}</td>
    <td class="n">${size(result.size)}</td>
    <td class="n">${result.score}</td>
    <td>${result.verdict}</td>
  </tr>
`;
}

/** One file that is not approved: why, and the tree of its artifacts with what was found in them and what was not inspected. */
export function fileBlock(result: FileResult): Markup {
  const findings = result.findings.slice(0, MAX_PER_FILE);
  const gaps = result.gaps.slice(0, MAX_PER_FILE);
  const hidden =
    result.findings.length -
    findings.length +
    (result.gaps.length - gaps.length) +
    (result.omitted?.findings ?? 0) +
    (result.omitted?.gaps ?? 0);
  const reasons = result.reasons.slice(0, MAX_PER_FILE).map((reason) => markup`<li>${reason}</li>`);
  const tree = artifactTree(result, [...findings, ...gaps], (claim) =>
    'kind' in claim ? findingLine(claim) : gapLine(claim),
  );
  const map = result.measurements.find(({ name: what }) => what === ENTROPY_MAP)?.value;
  const moved =
    result.disposition === undefined || result.disposition.action === 'none'
      ? markup``
      : markup`<p>
          ${result.disposition.action}: ${name(result.disposition.location)}
          ${result.disposition.detail ?? ''}
        </p>`;
  return markup`<details open>
    <summary>
      <span class="${result.decision}">${result.decision}</span>
      <span class="n">${result.score}</span> ${name(result.path)}${provisionalMark(result)}
    </summary>
    <p>
      ${result.verdict}, ${size(result.size)}, ${result.content_type.mime}<br />
      <code>${result.sha256 ?? 'no hash'}</code>
    </p>
    ${typeof map === 'string' ? (entropyPicture(map) ?? markup``) : markup``}
    ${section('Because', reasons, left(result.reasons.length))}
    <h3>Artifacts: what was found, what was not inspected</h3>
    ${tree} ${hidden > 0 ? more(hidden) : markup``}
    <p class="more">
      ${counted(result.coverage.artifacts, 'artifact')} in it, ${size(result.coverage.bytes)}; those of which nothing is said are
      not listed
    </p>
    ${moved}
  </details>
`;
}

function findingLine(finding: FileResult['findings'][number]): Markup {
  const { accepted, rule, kind, engine, weight, detail, offset } = finding;
  const place = offset === null ? '' : `, at byte ${number(offset)}`;
  return markup`<li class="finding">
    ${acceptedMark(accepted)}<b>${rule}</b> ${kind} by ${engine}, ${counted(weight, 'point')}${place}<br />${detail}
  </li>`;
}

function gapLine(gap: FileResult['gaps'][number]): Markup {
  const { accepted, reason, by, rule, bytes, detail, artifacts = 1 } = gap;
  const many = artifacts > 1 ? `, ${counted(artifacts, 'artifact')}` : '';
  return markup`<li class="gap">
    ${acceptedMark(accepted)}<b>${reason}</b> not inspected by ${by}, ${rule}, ${size(bytes)}${many}<br />${detail}
  </li>`;
}

function left(all: number): Markup {
  return all > MAX_PER_FILE ? more(all - MAX_PER_FILE) : markup``;
}

function section(title: string, items: readonly Markup[], after: Markup): Markup {
  if (items.length === 0) return markup``;
  return markup`<h3>${title}</h3>
    <ul>
      ${items}
    </ul>
    ${after}`;
}

function provisionalMark({ provisional }: FileResult): Markup {
  return provisional ? markup` <span class="loud">provisional</span>` : markup``;
}

function acceptedMark(why: string | undefined): Markup {
  return why === undefined ? markup`` : markup`accepted (${why}): `;
}

/** A name as it is: blanks kept, and what is written from right to left turns nothing around it. */
export function name(text: string): Markup {
  return markup`<bdi dir="ltr">${text}</bdi>`;
}

export function more(count: number): Markup {
  return markup`<p class="more">… and ${number(count)} more, counted above but not listed here</p>
`;
}
