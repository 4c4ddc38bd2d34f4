/** A person's answer to what is held, and how it is carried out. Apart: it scans nothing. */
export { approve, reject, type Answered, type CarriesOut, type ReviewAnswer } from './answer-review.ts';
export {
  answerReviews,
  selectReviews,
  type AnsweredAll,
  type ReviewSelection,
  type Selected,
} from './answer-reviews.ts';
export { carryOut, identityAt, type CarryOutOptions } from '../carry-out.ts';
