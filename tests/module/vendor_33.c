/* SPDX-License-Identifier: BSD-3-Clause */
/* A vendor module with the interfaces 3.3, 4.0 (both not known yet), 3.1 and "Vendor X". */
#include "tests/module/vendor.inc"

static const CK_VERSION offered[] = {{3, 3}, {4, 0}, {3, 1}};

#include "tests/module/interfaces.inc"
