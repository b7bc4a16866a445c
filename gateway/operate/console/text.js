/* SPDX-License-Identifier: Apache-2.0 */
/* Words in the reader's language, and how times, ages and numbers are written in it. */
import { en } from './en.js';
import { vi } from './vi.js';

const DICTIONARIES = { vi, en };
const KEPT_AS = 'lienthong.language';
const ZONE = 'Asia/Ho_Chi_Minh';

function recall() {
    try {
        return localStorage.getItem(KEPT_AS);
    } catch {
        return null; /* a browser that keeps nothing */
    }
}

let current = recall() === 'en' ? 'en' : 'vi';

export const language = () => current;

export function setLanguage(name) {
    current = name === 'en' ? 'en' : 'vi';
    document.documentElement.lang = current;
    try {
        localStorage.setItem(KEPT_AS, current);
    } catch {
        /* then it holds until the page is closed */
    }
}

/** The words of `key`, with {name} replaced. */
export function t(key, values) {
    const words = DICTIONARIES[current][key] ?? key;
    return words.replace(/\{(\w+)\}/g, (all, name) => values?.[name] ?? all);
}

/** The words of a code that others may add to: the code itself where we have none. */
export function word(group, code) {
    if (code === null || code === undefined || code === '')
        return '–';
    return DICTIONARIES[current][`${group}.${code}`] ?? String(code);
}

/* ---- numbers and times ---- */

const locale = () => (current === 'vi' ? 'vi-VN' : 'en-GB');

export function number(value) {
    return typeof value === 'number' ? value.toLocaleString(locale()) : '–';
}

export function bytes(value) {
    if (typeof value !== 'number')
        return '–';
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
    let step = 0;
    for (; value >= 1024 && step < units.length - 1; step++)
        value /= 1024;
    return `${value.toLocaleString(locale(), { maximumFractionDigits: step ? 1 : 0 })} ${units[step]}`;
}

export function share(part, whole) {
    return whole ? (part / whole).toLocaleString(locale(), { style: 'percent' }) : '–';
}

function parse(moment) {
    const date = typeof moment === 'number' ? new Date(moment) : new Date(String(moment ?? ''));
    return moment && !Number.isNaN(date.getTime()) ? date : null;
}

/* Built of parts, so that every language has day, month, year in the order that is usual here. */
function parts(date) {
    const format = new Intl.DateTimeFormat('en-GB', {
        timeZone: ZONE, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit',
        hour: '2-digit', minute: '2-digit', second: '2-digit' });
    return Object.fromEntries(format.formatToParts(date).map(({ type, value }) => [type, value]));
}

/** 26/11/2026 08:30:05 */
export function moment(value) {
    const date = parse(value);
    if (!date)
        return '–';
    const p = parts(date);
    return `${p.day}/${p.month}/${p.year} ${p.hour}:${p.minute}:${p.second}`;
}

/** 26/11/2026 08:30 */
export function minute(value) {
    return moment(value).slice(0, 16);
}

/** 26/11 08:30 */
export function shortMoment(value) {
    const date = parse(value);
    if (!date)
        return '–';
    const p = parts(date);
    return `${p.day}/${p.month} ${p.hour}:${p.minute}`;
}

export function day(value) {
    const date = parse(value);
    if (!date)
        return '–';
    const p = parts(date);
    return `${p.day}/${p.month}/${p.year}`;
}

export function hour(value) {
    const date = parse(value);
    return date ? parts(date).hour : '';
}

/** A day of Vietnam as 2026-11-26, so many days from today. */
export function isoDay(offset) {
    const p = parts(new Date(Date.now() + offset * 86400000));
    return `${p.year}-${p.month}-${p.day}`;
}

const STEPS = [['day', 86400000], ['hour', 3600000], ['minute', 60000], ['second', 1000]];

/** "3 hours ago", "in 2 days" */
export function ago(value) {
    const date = parse(value);
    if (!date)
        return '–';
    const gap = date.getTime() - Date.now();
    const [unit, size] = STEPS.find(([, one]) => Math.abs(gap) >= one) ?? STEPS[3];
    return new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(
        Math.trunc(gap / size), unit);
}

export function isPast(value) {
    const date = parse(value);
    return date !== null && date.getTime() < Date.now();
}

/** 9:05 */
export function clock(milliseconds) {
    const seconds = Math.max(0, Math.round(milliseconds / 1000));
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

document.documentElement.lang = current;
