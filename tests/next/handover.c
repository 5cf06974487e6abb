/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "handover.h"
#include "openvswitch/json.h"

/* What a gateway tells its host's agent, with something more to say. */

struct json *__real_handover_to_json(const struct handover *);
struct json *__wrap_handover_to_json(const struct handover *);

struct json *
__wrap_handover_to_json(const struct handover *handover)
{
    struct json *json = __real_handover_to_json(handover);

    json_object_put(json, "next", json_object_create());
    return json;
}
