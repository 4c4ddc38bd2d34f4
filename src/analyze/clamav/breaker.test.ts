import { describe, expect, it } from 'vitest';
import { Breaker } from './breaker.ts';

describe('a breaker', () => {
  it('opens with a failure, and lets one try after each pause', () => {
    let now = 1_000;
    const breaker = new Breaker(100, () => now);
    expect(breaker.blocked()).toBeNull();
    breaker.failed('away');
    expect(breaker.blocked()).toBe('away');
    now += 99;
    expect(breaker.blocked()).toBe('away');
    now += 1;
    expect(breaker.blocked()).toBeNull();
    expect(breaker.blocked()).toBe('away');
    now += 100;
    expect(breaker.blocked()).toBeNull();
    breaker.worked();
    expect(breaker.blocked()).toBeNull();
    breaker.failed('away again');
    expect(breaker.blocked()).toBe('away again');
  });
});
