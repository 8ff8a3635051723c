/** Ticks of a time axis in the browser's zone: round times, and the day named where it begins. Pure. */

import { DAY, roundStep } from "../format/steps.js";

const MINUTE = 60;
const HOUR = 3600;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (number) => String(number).padStart(2, "0");

/**
 * @typedef {{time: number, label: string, strong: boolean}} TimeTick strong: a day (or year) begins here
 *
 * @param {number} from @param {number} to unix seconds
 * @param {number} count at most about this many
 * @returns {TimeTick[]}
 */
export function timeTicks(from, to, count) {
  if (!(to > from) || count < 1) return [];
  const rough = (to - from) / count;
  // From an hour on steps are counted from local midnight, so that 02:00 stays 02:00.
  const step = roundStep(rough);
  if (step === undefined) return monthTicks(from, to, rough);
  return (step < HOUR ? shortTicks(from, to, step) : dayTicks(from, to, step)).map((time) => labelled(time, step));
}

function shortTicks(from, to, step) {
  // Zones are off by quarters of an hour, so a half-hour grid needs the zone and a minute grid does not mind.
  const offset = new Date(from * 1000).getTimezoneOffset() * 60;
  const first = Math.ceil((from - offset) / step - 1e-9);
  const last = Math.floor((to - offset) / step + 1e-9);
  const times = [];
  for (let i = first; i <= last && times.length < 500; i += 1) times.push(Number((i * step + offset).toFixed(3)));
  return times;
}

function dayTicks(from, to, step) {
  const times = [];
  const date = new Date(from * 1000);
  date.setHours(0, 0, 0, 0);
  const days = Math.max(1, step / DAY);
  // Two-day and longer steps count from a fixed day, so that ticks stay where they are while the window slides.
  if (days > 1) date.setDate(date.getDate() - (Math.round(date.getTime() / 86400000) % days));
  while (date.getTime() / 1000 <= to && times.length < 500) {
    for (let second = 0; second < DAY; second += Math.min(step, DAY)) {
      const at = new Date(date);
      at.setHours(second / HOUR);
      const time = at.getTime() / 1000;
      if (time >= from && time <= to && time !== times.at(-1)) times.push(time);
    }
    date.setDate(date.getDate() + days);
  }
  return times;
}

function monthTicks(from, to, rough) {
  const months = [1, 3, 6, 12, 24, 60, 120].find((size) => size * 30.4 * DAY >= rough) ?? 240;
  const found = [];
  const date = new Date(from * 1000);
  date.setHours(0, 0, 0, 0);
  date.setMonth(Math.floor(date.getMonth() / Math.min(12, months)) * Math.min(12, months), 1);
  while (date.getTime() / 1000 <= to && found.length < 500) {
    const january = date.getMonth() === 0;
    const label = january ? String(date.getFullYear()) : MONTHS[date.getMonth()];
    if (date.getTime() / 1000 >= from) found.push({ time: date.getTime() / 1000, label, strong: january });
    date.setMonth(date.getMonth() + months);
  }
  return found;
}

function labelled(time, step) {
  const date = new Date(Math.round(time * 1000));
  const midnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0 &&
    date.getMilliseconds() === 0;
  if (step >= DAY || midnight) {
    return { time, label: `${date.getDate()} ${MONTHS[date.getMonth()]}`, strong: midnight && step < DAY };
  }
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (step >= MINUTE) return { time, label: minutes, strong: false };
  if (step >= 1) return { time, label: `${minutes}:${two(date.getSeconds())}`, strong: false };
  const digits = step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
  const fraction = String(date.getMilliseconds()).padStart(3, "0").slice(0, digits);
  return { time, label: `${two(date.getMinutes())}:${two(date.getSeconds())}.${fraction}`, strong: false };
}
