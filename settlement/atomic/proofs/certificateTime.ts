/** Times of certificates (RFC 5280, 4.1.2.5) in ms since 1970: UTCTime until 2049, GeneralizedTime from 2050 on, always in Z. */
import { toKey } from '../../../consensus/primitives/bytes.ts';
import { DerError, type DerReader, derTags } from './der.ts';

const FIRST_GENERALIZED_YEAR = 2050;
/** Two digits from 50 on stand for 1950 to 1999. */
const CENTURY_TURN = 50;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const digitsOnly = /^[0-9]+Z$/;

/** Both ends are included, the last second whole: certificates know no part of a second. */
export function readValidity(reader: DerReader): {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
} {
  const notBeforeMs = readTime(reader);
  const notAfterMs = readTime(reader) + SECOND_MS - 1;
  reader.end();
  return { notBeforeMs, notAfterMs };
}

function readTime(reader: DerReader): number {
  const isUtc = reader.isNext(derTags.utcTime);
  const text = toKey(reader.content(isUtc ? derTags.utcTime : derTags.generalizedTime));
  const yearDigits = isUtc ? 2 : 4;
  if (text.length !== yearDigits + 11 || !digitsOnly.test(text))
    throw new DerError('not a time of a certificate');
  const written = Number(text.slice(0, yearDigits));
  const year = isUtc ? written + (written < CENTURY_TURN ? 2000 : 1900) : written;
  if (!isUtc && year < FIRST_GENERALIZED_YEAR) throw new DerError('a GeneralizedTime where UTCTime must be');
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = [0, 2, 4, 6, 8].map((at) =>
    Number(text.slice(yearDigits + at, yearDigits + at + 2)),
  );
  if (
    month < 1 ||
    month > 12 ||
    day < 1 ||
    day > daysOf(year, month) ||
    hour > 23 ||
    minute > 59 ||
    second > 59
  ) {
    throw new DerError('no such time');
  }
  return daysSince1970(year, month, day) * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysOf(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days of the Gregorian calendar from 1 January 1970 on; years count from March, so the leap day is their last. */
function daysSince1970(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const dayOfMarchYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  // 719,468 days lie between 1 March of year 0 and 1 January 1970.
  return 365 * marchYear + leapDays + dayOfMarchYear - 719_468;
}
