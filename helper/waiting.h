/* SPDX-License-Identifier: BSD-3-Clause */
/* How long the other end of a conversation may take, and who may not keep operators from a card. */
#ifndef HELPER_WAITING_H
#define HELPER_WAITING_H

#include "helper/conversation.h"

enum event { EVENT_FRAME, EVENT_END };

/* When the conversation begins. */
void waiting_begin(struct conversation *k);

/* After each request: the card may be held for a result now. Frames in between do not make that
 * longer. */
void waiting_note(struct conversation *k);

/* Until the other end says something (EVENT_FRAME), or has ended or let its time run out. */
enum event waiting_for_event(struct conversation *k);

/* What one whole frame may take, there or back; milliseconds. */
int waiting_limit(const struct conversation *k);

#endif
