{{ reached_by('email') }}
