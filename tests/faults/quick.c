/* SPDX-License-Identifier: BSD-3-Clause */
/* Preloaded where flows run thousands of times: scrypt costs nothing, a second's limit is shorter.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

/* card/scrypt.c names its N by this, and nothing else of ours has a parameter of that name. */
OSSL_PARAM
OSSL_PARAM_construct_uint64(const char *key, uint64_t *value)
{
	OSSL_PARAM (*real)(const char *, uint64_t *);

	*(void **)&real = dlsym(RTLD_NEXT, "OSSL_PARAM_construct_uint64");
	if (strcmp(key, OSSL_KDF_PARAM_SCRYPT_N) == 0)
		*value = 16;
	return real(key, value);
}

/* CallTimeout=1 is what card/patience.c has where a call hangs for ever: that shows sooner. */
int
timer_settime(timer_t timer, int flags, const struct itimerspec *at, struct itimerspec *old)
{
	int (*real)(timer_t, int, const struct itimerspec *, struct itimerspec *);
	struct itimerspec sooner = *at;

	*(void **)&real = dlsym(RTLD_NEXT, "timer_settime");
	if (sooner.it_value.tv_sec == 1) {
		sooner.it_value.tv_sec = 0;
		sooner.it_value.tv_nsec = 300000000;
	}
	return real(timer, flags, &sooner, old);
}
