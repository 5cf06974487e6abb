/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "nethv/nethv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/stand-in.h"
#include "openvswitch/vlog.h"
#include "util.h"

/* Where messages go.  Written once, before 'log' is. */
static struct {
    nethv_log_cb *_Atomic log;
    void *aux;
    atomic_flag taken;
} sink = { .taken = ATOMIC_FLAG_INIT };

static enum vlog_level
vlog_level_from(enum nethv_log_level level)
{
    switch (level) {
    case NETHV_LOG_ERROR: return VLL_ERR;
    case NETHV_LOG_WARNING: return VLL_WARN;
    case NETHV_LOG_INFO: return VLL_INFO;
    case NETHV_LOG_DEBUG: return VLL_DBG;
    default: return VLL_WARN;
    }
}

static enum nethv_log_level
level_from_vlog(enum vlog_level level)
{
    switch (level) {
    case VLL_WARN: return NETHV_LOG_WARNING;
    case VLL_INFO: return NETHV_LOG_INFO;
    case VLL_DBG: return NETHV_LOG_DEBUG;
    case VLL_OFF: case VLL_EMER: case VLL_ERR: case VLL_N_LEVELS:
    default: return NETHV_LOG_ERROR;
    }
}

int
nethv_init(enum nethv_log_level level, nethv_log_cb *log, void *aux)
{
    if (atomic_flag_test_and_set(&sink.taken)) {
        return EALREADY;
    }
    sink.aux = aux;
    /* The level counts; the destination is one that never gets anything. */
    vlog_set_syslog_method("null");
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    vlog_set_levels(NULL, VLF_SYSLOG, log ? vlog_level_from(level) : VLL_OFF);
    atomic_store(&sink.log, log);
    return 0;
}

const char *
nethv_version(void)
{
    return NETHV_VERSION;
}

/* Standing in for vlog. */

static void
deliver(const struct vlog_module *module, enum vlog_level level,
        const char *format, va_list args)
{
    nethv_log_cb *log = atomic_load(&sink.log);
    if (log) {
        char *message = xvasprintf(format, args);
        log(sink.aux, level_from_vlog(level), vlog_get_module_name(module),
            message);
        free(message);
    }
}

void
__wrap_vlog_valist(const struct vlog_module *module, enum vlog_level level,
                   const char *format, va_list args)
{
    deliver(module, level, format, args);
}

void
__wrap_vlog(const struct vlog_module *module, enum vlog_level level,
            const char *format, ...)
{
    va_list args;
    va_start(args, format);
    deliver(module, level, format, args);
    va_end(args);
}

void
__wrap_vlog_rate_limit(const struct vlog_module *module,
                       enum vlog_level level, struct vlog_rate_limit *rl,
                       const char *format, ...)
{
    if (!__wrap_vlog_should_drop(module, level, rl)) {
        va_list args;
        va_start(args, format);
        deliver(module, level, format, args);
        va_end(args);
    }
}

bool
__wrap_vlog_should_drop(const struct vlog_module *module,
                        enum vlog_level level, struct vlog_rate_limit *rl)
{
    return !atomic_load(&sink.log) || __real_vlog_should_drop(module, level, rl);
}
