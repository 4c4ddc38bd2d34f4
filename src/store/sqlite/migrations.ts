/**
 * The schema's history, oldest first; `user_version` is how many have been applied. One that was ever delivered is
 * never changed: what comes later is a new one at the end. Each is one transaction.
 */
export const MIGRATIONS: readonly string[] = [
  `
  create table settings (name text primary key, value text not null) strict, without rowid;

  create table journal (
    seq integer primary key check (seq > 0),
    hash text not null unique,
    line text not null
  ) strict;
  create trigger journal_only_grows before insert on journal
    when new.seq <> (select coalesce(max(seq), 0) + 1 from journal)
    begin select raise(abort, 'the journal is only ever appended to'); end;
  create trigger journal_is_never_changed before update on journal
    begin select raise(abort, 'the journal is only ever appended to'); end;
  create trigger journal_is_never_shortened before delete on journal
    begin select raise(abort, 'the journal is only ever appended to'); end;

  create table files (
    id text primary key,
    path blob not null,
    at_path integer not null check (at_path in (0, 1)),
    dev text not null,
    ino text not null,
    size text not null,
    mtime_ns text not null,
    ctime_ns text not null,
    share blob not null,
    lane text not null,
    turn integer not null,
    never_settled integer not null,
    state text not null,
    suspect integer not null,
    attempts integer not null,
    session text,
    lease text,
    lease_until integer,
    accepted_at text not null,
    changed_at text not null,
    location blob,
    scan text,
    sha256 text,
    decision text,
    verdict text,
    provisional_since text,
    detail text
  ) strict, without rowid;
  create unique index files_at_path on files (path) where at_path = 1;
  create index files_location on files (location) where location is not null;
  create index files_state on files (state, id);
  create index files_turn on files (lane, suspect, turn, id) where state = 'waiting';
  create index files_share on files (lane, share, turn) where state = 'waiting';
  create unique index files_lease on files (lease) where lease is not null;
  create index files_sha256 on files (sha256) where sha256 is not null;

  create table scans (
    id text primary key,
    file text not null,
    path blob not null,
    started_at text not null,
    finished_at text not null,
    decision text not null,
    verdict text not null,
    score integer not null,
    provisional integer not null,
    size integer,
    sha256 text,
    policy_sha256 text not null,
    tool_version text not null,
    engines text not null,
    report blob
  ) strict;
  create index scans_finished on scans (finished_at);
  create index scans_file on scans (file);
  create index scans_sha256 on scans (sha256) where sha256 is not null;
  create table scan_rules (
    scan text not null,
    kind text not null,
    rule text not null,
    primary key (kind, rule, scan)
  ) strict, without rowid;

  create table dispositions (
    id text primary key,
    kind text not null,
    state text not null,
    item text,
    file text,
    intent text not null,
    begun_at text not null,
    ended_at text
  ) strict, without rowid;
  create index dispositions_unfinished on dispositions (id) where state in ('intended', 'claimed', 'done');
  create unique index dispositions_one_an_item on dispositions (item)
    where state in ('intended', 'claimed', 'done') and item is not null;
  create unique index dispositions_one_a_file on dispositions (file)
    where state in ('intended', 'claimed', 'done') and file is not null;

  create table items (
    id text primary key,
    kind text not null,
    file text,
    origin blob not null,
    location blob not null,
    sha256 text not null,
    taken_at text not null,
    facts text not null,
    present integer not null
  ) strict, without rowid;
  create index items_present on items (kind, id) where present = 1;
  create table item_rules (
    rule text not null,
    taken_at text not null,
    item text not null,
    kind text not null,
    primary key (rule, taken_at, item)
  ) strict, without rowid;

  create table waivers (
    id integer primary key,
    path blob not null,
    sha256 text not null,
    item text,
    approved integer not null,
    made_at text not null,
    used_at text
  ) strict;
  create index waivers_unused on waivers (path, sha256) where used_at is null;
  `,
  `
  create table reviews (
    id text primary key,
    file text not null,
    scan text,
    path blob not null,
    location blob,
    sha256 text,
    size integer,
    opened_at text not null,
    reasons text not null,
    rules text not null,
    grounds text not null,
    state text not null,
    who text,
    reason text,
    answered_sha256 text,
    answered_at text,
    remember integer not null,
    until_at text
  ) strict, without rowid;
  create index reviews_state on reviews (state, id);
  create index reviews_grounds on reviews (grounds, state, id);
  create unique index reviews_one_a_file on reviews (file) where state = 'open';
  `,
  `
  alter table files add column unit text not null default 'file';
  alter table reviews add column unit text not null default 'file';
  create index files_path on files (path, id);
  create index reviews_file on reviews (file, id);
  create table remembered (
    review text primary key,
    sha256 text not null,
    seen text not null,
    who text not null,
    reason text not null,
    made_at text not null,
    until_at text
  ) strict, without rowid;
  create index remembered_sha256 on remembered (sha256);
  `,
  `
  create table release_calls (
    event text primary key,
    seq integer not null,
    file text not null,
    state text not null,
    attempts integer not null,
    first_at text not null,
    next_at text,
    detail text not null
  ) strict, without rowid;
  create index release_calls_due on release_calls (state, next_at);

  create table scan_bases (
    scan text primary key,
    policy_sha256 text not null,
    basis blob not null
  ) strict, without rowid;
  create index scan_bases_policy on scan_bases (policy_sha256, scan);

  create table unsettled (path blob primary key, met_at text not null) strict, without rowid;
  `,
  `
  alter table reviews add column escalated_at text;
  create index reviews_escalated on reviews (escalated_at, id) where state = 'open';
  create index reviews_path on reviews (path, id);
  create table review_rules (
    kind text not null,
    rule text not null,
    review text not null,
    primary key (kind, rule, review)
  ) strict, without rowid;
  create index review_rules_rule on review_rules (rule, review);
  create index review_rules_kind on review_rules (kind, review);
  create index review_rules_review on review_rules (review);
  insert or ignore into review_rules (kind, rule, review)
    select substr(value, 1, instr(value, ':') - 1), substr(value, instr(value, ':') + 1), reviews.id
    from reviews, json_each(reviews.rules) where instr(value, ':') > 0;

  create index scans_decision on scans (decision, id);
  create index scans_path on scans (path, id);
  create index scan_rules_rule on scan_rules (rule, scan);
  create index scan_rules_kind on scan_rules (kind, scan);
  create index scan_rules_scan on scan_rules (scan);
  create index items_origin on items (origin, id) where present = 1;
  create index item_rules_item on item_rules (item);

  create table uploads (
    path blob primary key,
    id text not null unique,
    folder blob not null,
    name text not null,
    who text not null,
    at text not null,
    arrived integer not null check (arrived in (0, 1))
  ) strict, without rowid;
  create index uploads_arriving on uploads (id) where arrived = 0;
  `,
  `
  create table attacks (
    path blob primary key,
    since text not null,
    until_at text not null,
    mass text not null
  ) strict, without rowid;

  alter table files add column pended integer not null default 0;
  create index files_whole on files (unit, id) where at_path = 1 and unit not in ('file', 'volumes', 'dropped');

  create index dispositions_file on dispositions (file, id) where file is not null;

  alter table reviews add column forgotten_at text;
  alter table reviews add column forgotten_by text;
  `,
  `
  create table event_sinks (
    name text primary key,
    seq integer not null,
    hash text not null,
    minute text not null,
    in_minute integer not null,
    state text not null,
    failures integer not null,
    delivered integer not null,
    set_aside integer not null,
    last_success_at text,
    last_failure_at text,
    waiting_since text,
    detail text
  ) strict, without rowid;
  `,
  `
  alter table uploads add column size integer not null default 0;
  create index uploads_who on uploads (who, at) where arrived = 1;
  `,
];
