/* SPDX-License-Identifier: BSD-3-Clause */
/* A vendor module whose 2.40 list, at the end of its page, says that it is 3.0. */
#include <sys/mman.h>
#include <unistd.h>

#include "tests/module/vendor.inc"

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	static CK_FUNCTION_LIST *list;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages;

	if (list == NULL) {
		pages = mmap(
		    NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (pages == MAP_FAILED || mprotect(pages + page, page, PROT_NONE) != 0)
			return CKR_HOST_MEMORY;
		fill_list(&list_of_functions, 3, 0, LIST_2_40);
		list = (CK_FUNCTION_LIST *)(pages + page - sizeof(*list));
		memcpy(list, &list_of_functions, sizeof(*list));
		/* And never written to. */
		if (mprotect(pages, page, PROT_READ) != 0)
			return CKR_HOST_MEMORY;
	}
	*out = list;
	return CKR_OK;
}
