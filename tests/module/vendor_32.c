/* SPDX-License-Identifier: BSD-3-Clause */
/* A vendor module with the interfaces 3.2 and 3.0 and "Vendor X". */
#include "tests/module/vendor.inc"

static const CK_VERSION offered[] = {{3, 2}, {3, 0}};

#include "tests/module/interfaces.inc"
