/** `backuplens-pipeline --help`. */
export const HELP = `Usage: backuplens-pipeline [--help] [--version]
       backuplens watch

Watches INCOMING_DIR, examines every file that comes to rest there, and deals with it as decided:
what is to be quarantined goes to QUARANTINE_DIR, what needs a person to REVIEW_DIR, what is approved to APPROVED_DIR.
Without REVIEW_DIR or APPROVED_DIR such files stay where they are. docs/operations.md has the rest.

Settings come from the environment; backuplens config show lists all of them with their values. The usual ones:
  INCOMING_DIR      folder to watch (./incoming)
  QUARANTINE_DIR    where quarantined files go (./quarantine)
  REVIEW_DIR        where files for review go (unset: they stay where they are)
  APPROVED_DIR      where approved files go (unset: they stay where they are)
  DATA_DIR          the store (./data)
  SCORING_CONFIG    the scoring policy (./config/scoring.yaml)
  NUM_WORKERS       files scanned at the same time (5)
  RELEASE_HOOK      program that is told of every approved file (none)
  SCAN_INTERVAL_MS  pause between two looks at the folder (5000)
  HOST, PORT        where it answers /health, /ready and /metrics (127.0.0.1, 8080)
  LOG_LEVEL         least severity that is logged (info)

Signals:
  SIGTERM, SIGINT   finish what is under way, at most SHUTDOWN_WITHIN, and end
  SIGHUP            read policy, hash lists, names and our own scanner's rules again; what is broken is refused,
                    and the old stays

Exit codes:
  0  told to end   2  could not start: configuration, store, another instance
  ended by SIGKILL (137 in a shell): it could not end in time, because a file system does not answer
`;
