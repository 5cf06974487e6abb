/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lab/wan/shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

struct unit {
    const char *name;
    double factor;
};

static const struct unit times[] = {
    { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { NULL, 0 }
};
static const struct unit rates[] = {
    { "", 1 }, { "k", 1e3 }, { "M", 1e6 }, { "G", 1e9 }, { NULL, 0 }
};
static const struct unit fractions[] = {
    { "", 1 }, { "%", 0.01 }, { NULL, 0 }
};

/* Parses 'text', a number from 0 to 'max' with one of 'units'. */
static bool
parse_quantity(const char *text, const struct unit *units, double max,
               double *quantity)
{
    char *end;
    double value;

    errno = 0;
    value = strtod(text, &end);
    if (end == text || errno || !(value >= 0)) {
        return false;
    }
    for (; units->name; units++) {
        if (!strcmp(end, units->name) && value * units->factor <= max) {
            *quantity = value * units->factor;
            return true;
        }
    }
    return false;
}

static char *
parse_value(struct shape *shape, const char *text, const char *value)
{
    double q;

    if (!strncmp(text, "delay=", 6)) {
        if (!parse_quantity(value, times, 60e9, &q)) {
            return xasprintf("%s: a delay is a time up to 60s, such as "
                             "12.5ms", text);
        }
        shape->delay = q;
    } else if (!strncmp(text, "rate=", 5)) {
        if (!parse_quantity(value, rates, 1e12, &q)) {
            return xasprintf("%s: a rate is bit/s, such as 100M", text);
        }
        shape->rate = q;
    } else if (!strncmp(text, "loss=", 5)) {
        if (!parse_quantity(value, fractions, 1, &q)) {
            return xasprintf("%s: a loss is a share such as 1%% or 0.01",
                             text);
        }
        shape->loss = q;
    } else if (!strncmp(text, "queue=", 6)) {
        if (!parse_quantity(value, times, 60e9, &q)) {
            return xasprintf("%s: a queue is a time up to 60s, such as "
                             "100ms", text);
        }
        shape->queue = q;
    } else if (!strcmp(text, "cut=yes") || !strcmp(text, "cut=no")) {
        shape->cut = !strcmp(value, "yes");
    } else {
        return xasprintf("%s: not a setting of a link: use delay=, rate=, "
                         "loss=, queue= or cut=yes|no", text);
    }
    return NULL;
}

char *
shape_parse(struct shape *shape, const char *text)
{
    const char *equals = strchr(text, '=');

    return parse_value(shape, text, equals ? equals + 1 : "");
}

int64_t
shape_admit(const struct shape *shape, int64_t *free_at, int64_t now,
            size_t length, double random)
{
    int64_t sent = now;

    if (shape->cut || random < shape->loss) {
        return -1;
    }
    if (shape->rate) {
        int64_t start = MAX(now, *free_at);

        if (start - now > shape->queue) {
            return -1;
        }
        sent = start + (int64_t) (length * 8e9 / shape->rate);
        *free_at = sent;
    }
    return sent + shape->delay;
}
