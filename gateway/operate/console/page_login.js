/* SPDX-License-Identifier: Apache-2.0 */
/* Who are you? */
import { get, signIn } from './api.js';
import { announce, fragment, h, morph } from './dom.js';
import { field, problemBox, values } from './parts.js';
import { t } from './text.js';

/* Where to, after: only ever a page of ours. */
function wayBack(view) {
    const back = view.query.get('back') ?? '';
    return back.startsWith('#/') ? back : '#/';
}

async function send(view, form) {
    const submit = form.querySelector('button');
    const place = form.querySelector('.refusal');
    const { user = '', password = '' } = values(form);
    submit.disabled = true;
    try {
        await signIn(user, password);
        announce(t('login.done'));
        location.hash = wayBack(view);
    } catch (error) {
        morph(place, fragment(problemBox(error)));
        form.elements.password.value = '';
        form.elements.password.focus();
    } finally {
        submit.disabled = false;
    }
}

/* Whether another place can say who somebody is; without an answer there is the password. */
async function findOther(view) {
    try {
        return (await get('login', null, { isLogin: true, signal: view.signal })).oidc ?? null;
    } catch {
        return null;
    }
}

export async function login(view) {
    const other = await findOther(view);
    const form = h('form', { class: 'stack card narrow' },
        field({ name: 'user', label: t('login.user'), required: true, autocomplete: 'username' }),
        field({ name: 'password', label: t('login.password'), type: 'password', required: true,
            autocomplete: 'current-password' }),
        h('div', { class: 'refusal' }),
        h('div', { class: 'actions' },
            h('button', { type: 'submit', class: 'primary' }, t('login.action'))),
        other && h('p', { class: 'other' },
            h('a', { class: 'button', href: '/operate/v1/oidc/login' }, t('login.oidc'))));
    form.onsubmit = (event) => {
        event.preventDefault();
        send(view, form);
    };
    view.draw(t('login.title'), form);
    form.elements.user.focus();
}
