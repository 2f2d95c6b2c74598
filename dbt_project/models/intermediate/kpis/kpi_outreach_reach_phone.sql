{{ reached_by('phone') }}
