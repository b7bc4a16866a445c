/* SPDX-License-Identifier: Apache-2.0 */
/* Questions before something is done: a modal dialog, which the browser itself keeps the focus in
 * and gives back to where it was. */
import { fragment, h, morph, newId } from './dom.js';
import { field, problemBox, values } from './parts.js';
import { t } from './text.js';

/* Sends what was asked for; stays open with the reason when it is refused.  Meanwhile nobody can
 * give it up: it may be done already. */
async function send(dialog, form, question) {
    const buttons = form.querySelectorAll('.actions button');
    const place = form.querySelector('.refusal');
    buttons.forEach((one) => { one.disabled = true; });
    form.setAttribute('aria-busy', 'true');
    try {
        dialog.answer = await question.send(values(form)) ?? true;
        dialog.close();
    } catch (error) {
        morph(place, fragment(problemBox(error)));
        if (error.status === 401)
            dialog.close(); /* the way leads to the login now */
    } finally {
        buttons.forEach((one) => { one.disabled = false; });
        form.removeAttribute('aria-busy');
    }
}

function build(question) {
    const title = newId();
    const form = h('form', { class: 'stack' },
        h('h2', { id: title }, question.title),
        question.text && [question.text].flat().map((text) =>
            (text instanceof Node ? text : h('p', {}, text))),
        (question.fields ?? []).map(field),
        h('div', { class: 'refusal' }),
        h('div', { class: 'actions' },
            h('button', { type: 'submit', class: `primary ${question.isDanger ? 'danger' : ''}` },
                question.action),
            h('button', { type: 'button', class: 'cancel' }, t('dialog.cancel'))));
    return h('dialog', { 'aria-labelledby': title }, form);
}

/**
 * {title, text, fields, action, isDanger, send: async (values) => answer}; the promise is what
 * `send` answered, or null when it was given up.
 */
export function ask(question) {
    const dialog = build(question);
    const form = dialog.querySelector('form');
    const before = document.activeElement;
    let sending = null;
    form.onsubmit = (event) => {
        event.preventDefault();
        sending = send(dialog, form, question);
    };
    dialog.oncancel = (event) => {
        if (form.hasAttribute('aria-busy'))
            event.preventDefault();
    };
    dialog.querySelector('.cancel').onclick = () => dialog.close();
    document.body.append(dialog);
    dialog.showModal();
    (form.querySelector('input, select, textarea') ?? dialog.querySelector('.cancel')).focus();
    return new Promise((resolve) => {
        dialog.onclose = async () => {
            dialog.remove();
            if (before?.isConnected)
                before.focus();
            await sending; /* a browser closes it all the same when Esc is pressed twice */
            resolve(dialog.answer ?? null);
        };
    });
}

/** The field that almost every question has. */
export function reasonField() {
    return { name: 'reason', label: t('field.reason'), type: 'textarea', required: true, most: 400,
        hint: t('field.reason.hint') };
}

/** For acts that a later event of the dossier may speak against. */
export function staleField() {
    return { name: 'may_be_stale', label: t('field.stale'), type: 'checkbox',
        hint: t('field.stale.hint') };
}
