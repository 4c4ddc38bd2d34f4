import { describe, expect, it } from 'vitest';
import { Breaker } from './breaker.ts';

describe('a breaker', () => {
  it('opens after so many failures in a row, and lets one try after each pause', () => {
    let now = 1_000;
    const breaker = new Breaker({ failures: 2, pause_ms: 100 }, () => now);
    breaker.failed('away');
    expect(breaker.blocked()).toBeNull();
    breaker.failed('still away');
    expect(breaker.blocked()).toBe('still away');
    now += 99;
    expect(breaker.blocked()).toBe('still away');
    now += 1;
    expect(breaker.blocked()).toBeNull();
    expect(breaker.blocked()).toBe('still away');
    now += 100;
    expect(breaker.blocked()).toBeNull();
    breaker.worked();
    expect(breaker.blocked()).toBeNull();
    breaker.failed('away again');
    expect(breaker.blocked()).toBeNull();
  });
});
