dnl SPDX-License-Identifier: BSD-3-Clause
dnl Probes for flags of compiler and linker: one that is not understood is left out.

dnl LATCH_CFLAG(FLAG, VARIABLE): appends FLAG to VARIABLE if the compiler takes it without a warning.
AC_DEFUN([LATCH_CFLAG], [
	AS_VAR_PUSHDEF([cache], [latch_cv_cflag_$1])dnl
	AC_CACHE_CHECK([whether $CC takes $1], [cache], [
		latch_saved_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -Werror $1"
		AC_LINK_IFELSE([AC_LANG_SOURCE([int main(void) { return 0; }])],
			[AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
		CFLAGS=$latch_saved_CFLAGS
	])
	AS_VAR_IF([cache], [yes], [$2="$$2 $1"])
	AS_VAR_POPDEF([cache])dnl
])

dnl LATCH_LDFLAG(FLAG, VARIABLE): the same for the linker.
AC_DEFUN([LATCH_LDFLAG], [
	AS_VAR_PUSHDEF([cache], [latch_cv_ldflag_$1])dnl
	AC_CACHE_CHECK([whether the linker takes $1], [cache], [
		latch_saved_LDFLAGS=$LDFLAGS
		LDFLAGS="$LDFLAGS -Werror $1"
		AC_LINK_IFELSE([AC_LANG_SOURCE([int main(void) { return 0; }])],
			[AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
		LDFLAGS=$latch_saved_LDFLAGS
	])
	AS_VAR_IF([cache], [yes], [$2="$$2 $1"])
	AS_VAR_POPDEF([cache])dnl
])

dnl LATCH_SANITIZER(OPTION, FLAGS, TEXT): --enable-OPTION adds FLAGS to SANITIZE_FLAGS, or fails.
AC_DEFUN([LATCH_SANITIZER], [
	AC_ARG_ENABLE([$1], [AS_HELP_STRING([--enable-$1], [$3])], [], [enable_$1=no])
	AS_IF([test "x$enable_$1" != xno], [
		latch_taken=
		LATCH_CFLAG([$2], [latch_taken])
		AS_IF([test -z "$latch_taken"], [AC_MSG_ERROR([--enable-$1: $CC does not take $2])])
		SANITIZE_FLAGS="$SANITIZE_FLAGS$latch_taken"
	])
])
