/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline.h"

#include <stddef.h>

#include "util.h"

const struct pipeline_field pipeline_fields[FIELD_N] = {
#define FIELD(ENUM, REG, FIRST, LAST, NAME, MEANING)                        \
    [FIELD_##ENUM] = { NAME, MEANING,                                         \
                       "NXM_NX_REG" #REG "[" #FIRST ".." #LAST "]",           \
                       REG, FIRST, LAST - FIRST + 1 },
    PIPELINE_FIELDS
#undef FIELD
};

static const struct {
    uint8_t table;
    const char *name;
} stages[] = {
#define STAGE(ENUM, TABLE, NAME, PURPOSE) { TABLE, NAME },
    PIPELINE_STAGES
#undef STAGE
};

static const char *const reason_names[] = {
#define REASON(ENUM, NAME, MEANING) [DROP_##ENUM] = NAME,
    PIPELINE_REASONS
#undef REASON
};

static const char *const reason_meanings[] = {
#define REASON(ENUM, NAME, MEANING) [DROP_##ENUM] = MEANING,
    PIPELINE_REASONS
#undef REASON
};

const char *
pipeline_stage_name(uint8_t table)
{
    for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
        if (stages[i].table == table) {
            return stages[i].name;
        }
    }
    return NULL;
}

const char *
pipeline_reason_name(enum drop_reason reason)
{
    return reason_names[reason];
}

const char *
pipeline_reason_meaning(enum drop_reason reason)
{
    return reason_meanings[reason];
}
