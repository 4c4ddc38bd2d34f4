/** What all servers have in common: limits, the shape of errors, an orderly end. */
export { createServer, listen, type Server, type ServerOptions } from './server.ts';
export { guard, refuseExposure, type AccessOptions } from './access.ts';
export { addMetrics } from './metrics-route.ts';
export { keepPace, type Pace } from './pace.ts';
export { HttpError } from './http-error.ts';
export { onceTold } from './shutdown.ts';
