/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Processes that came and went and have no row of their own (model_retired), for reports.
 */
#ifndef LIFELINE_SINK_COMMON_RETIRED_H
#define LIFELINE_SINK_COMMON_RETIRED_H

#include <stddef.h>

#include "model/model.h"

/* Their names, those with most processes first; then by processor time, then by name. Free *names. 0 or -ENOMEM. */
int collect_retired_names(const struct model *model, const struct retired_name ***names, size_t *count);

#endif
