/* SPDX-License-Identifier: BSD-3-Clause */
/* What belongs to this process, and how a child of fork gets afresh what its parent had. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "module/process.h"
#include "policy/log.h"

/*
 * A page that the kernel gives zeroed to a child (MADV_WIPEONFORK, Linux 4.14): so it costs one
 * load to see that a process is another one. Older kernels: the pid is asked for each time.
 */
struct page {
	_Atomic(struct process *) process;
	pid_t owner; /* only where the page is not wiped */
};

static struct page *page;
static bool wiped;

/* Outlive a fork: the vendor module's state does, too. */
static atomic_bool initialized;
static atomic_uint_fast64_t sequence;
static _Atomic(struct process *) last; /* the newest, for a child that looks for its parent's */

bool
process_prepare(void)
{
	void *p;

	p = mmap(
	    NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		log_error("no memory");
		return false;
	}
	wiped = madvise(p, sizeof(struct page), MADV_WIPEONFORK) == 0;
	page = p;
	return true;
}

/*
 * A watcher lives as long as somebody has the other end of its socket, so a child lets go of its
 * parent's. A child that closes all it inherited has other files under these numbers; the inode
 * tells.
 */
static void
close_inherited(struct process *parent)
{
	struct slot *s;
	struct stat st;
	int fd;

	for (s = atomic_load(&parent->slots); s != NULL; s = s->next) {
		fd = atomic_load(&s->kept);
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
		    st.st_ino == s->kept_inode)
			close(fd);
	}
}

static struct process *
make(void)
{
	struct process *p = calloc(1, sizeof(*p)), *none = NULL, *parent;

	if (p == NULL) {
		log_error("no memory");
		return NULL;
	}
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->turn, NULL);
	parent = atomic_load(&last);
	if (!atomic_compare_exchange_strong(&page->process, &none, p)) {
		free(p);
		return none;
	}
	page->owner = getpid();
	atomic_store(&last, p);
	if (parent != NULL)
		close_inherited(parent);
	return p;
}

struct process *
process_get(void)
{
	struct process *p = atomic_load_explicit(&page->process, memory_order_acquire);

	if (p != NULL && !wiped && page->owner != getpid()) {
		/* A child that just began has one thread; nobody else sees the page now. */
		atomic_store(&page->process, NULL);
		p = NULL;
	}
	return p != NULL ? p : make();
}

bool
process_initialized(void)
{
	return atomic_load_explicit(&initialized, memory_order_relaxed);
}

uint64_t
process_sequence(void)
{
	return atomic_load(&sequence);
}

void
process_set_initialized(bool now, uint64_t at)
{
	atomic_store(&sequence, at);
	atomic_store(&initialized, now);
}
