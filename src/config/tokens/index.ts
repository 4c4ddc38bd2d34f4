/** The tokens of people and programs that talk to a service. Apart, because few programs need what checks their file. */
export {
  addToken,
  ownToken,
  ownTokenIfAny,
  proofOf,
  readTokens,
  readTokensFile,
  removeTokens,
} from './named-tokens.ts';
