import type { FileResult } from '../contracts/index.ts';
import { markup, type Markup } from './markup.ts';

/** An artifact of which something is said, or that leads to one. */
interface Node {
  readonly said: Markup[];
  readonly members: Map<string, Node>;
}

/**
 * The artifacts of one file as a tree, each with what is said of it; members of which nothing is said are not known here.
 * `render` gives one line for a finding or gap.
 */
export function artifactTree<Claim extends { readonly trail: readonly string[] }>(
  result: FileResult,
  claims: readonly Claim[],
  render: (claim: Claim) => Markup,
): Markup {
  const root: Node = { said: [], members: new Map() };
  for (const claim of claims) {
    let node = root;
    for (const name of claim.trail.slice(1)) {
      const member = node.members.get(name) ?? { said: [], members: new Map<string, Node>() };
      node.members.set(name, member);
      node = member;
    }
    node.said.push(render(claim));
  }
  return markup`<ul class="tree">
    ${branch(claims[0]?.trail[0] ?? result.path, root)}
  </ul>`;
}

function branch(name: string, { said, members }: Node): Markup {
  const below = [...members].map(([member, node]) => branch(member, node));
  return markup`<li>
    <bdi dir="ltr">${name}</bdi>
    ${said.length === 0 ? markup`` : markup`<ul class="said">${said}</ul>`}
    ${below.length === 0 ? markup`` : markup`<ul>${below}</ul>`}
  </li>`;
}
