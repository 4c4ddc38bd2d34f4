import type { FastifyInstance } from 'fastify';

/** Which methods a path has, from the routes themselves: for 405 and its `Allow`. */
export class RoutesMet {
  readonly #routes: { readonly parts: readonly string[]; readonly methods: readonly string[] }[] = [];

  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ method, url }) => {
      this.#routes.push({ parts: url.split('/'), methods: [method].flat() });
    });
  }

  /** Of a request's URL; none: there is no such path. */
  methodsOf(url: string): readonly string[] {
    const given = (url.split('?', 1)[0] ?? '').split('/');
    const all = this.#routes
      .filter(
        ({ parts }) => parts.length === given.length && parts.every((part, at) => fits(part, given[at])),
      )
      .flatMap(({ methods }) => methods);
    return [...new Set(all)].toSorted();
  }
}

function fits(part: string, given = ''): boolean {
  return part.startsWith(':') ? given !== '' : part === given;
}
