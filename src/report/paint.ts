import { styleText } from 'node:util';
import type { Decision } from '../domain/index.ts';

type Color = (text: string) => string;

/** Colour only underlines what the words already say. */
export interface Paint {
  readonly strong: Color;
  readonly dim: Color;
  readonly warning: Color;
  readonly alarm: Color;
  readonly decision: Readonly<Record<Decision, Color>>;
}

export function paint(on: boolean): Paint {
  const color = (...formats: Parameters<typeof styleText>[0][]): Color =>
    on
      ? (text) => (text === '' ? '' : styleText(formats.flat(), text, { validateStream: false }))
      : (text) => text;
  return {
    strong: color('bold'),
    dim: color('dim'),
    warning: color('yellow'),
    alarm: color('bold', 'red'),
    decision: {
      auto_approve: color('green'),
      manual_review: color('bold', 'yellow'),
      quarantine: color('bold', 'red'),
    },
  };
}
