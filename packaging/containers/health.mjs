// The health check of the images: /health of the service in this container, within the check's own time-out.
const { PORT } = process.env;
const answer = await fetch(`http://127.0.0.1:${PORT}/health`, { signal: AbortSignal.timeout(4000) }).catch(
  () => null,
);
process.exit(answer?.ok === true ? 0 : 1);
