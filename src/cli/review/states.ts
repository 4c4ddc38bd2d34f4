/** What `review list --state` takes. */
export const STATES = ['open', 'approved', 'rejected', 'closed', 'all'] as const;
