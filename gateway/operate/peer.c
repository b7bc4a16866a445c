/* SPDX-License-Identifier: Apache-2.0 */
/* Users of this machine, as operators. */
#include "operate/peer.h"

#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

enum { ENTRY_SIZE = 4096 };

void peer_name(uid_t uid, struct peer_name *name)
{
    char entry[ENTRY_SIZE];
    struct passwd user;
    struct passwd *found = NULL;
    if (getpwuid_r(uid, &user, entry, sizeof entry, &found) == 0 && found)
        (void)snprintf(name->text, sizeof name->text, "unix:%ju %.60s", (uintmax_t)uid,
                       found->pw_name);
    else
        (void)snprintf(name->text, sizeof name->text, "unix:%ju", (uintmax_t)uid);
}

right_set peer_rights(uid_t uid)
{
    return uid == 0 || uid == geteuid() ? right_all() : 0;
}
